int crosspydecoy(void);
int use(void) { return crosspydecoy(); }

# pkg-config is not needed here.

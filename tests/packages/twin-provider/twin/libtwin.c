long twin_long(void)
{
    return sizeof(long);
}

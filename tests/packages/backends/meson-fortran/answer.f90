! write() needs libgfortran.
integer(c_int) function answer() bind(c)
    use iso_c_binding
    character(len=8) :: text
    write(text, '(i0)') 42
    read(text, *) answer
end function

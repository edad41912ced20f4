value "a" {
input =    1
other = [1,2]
}

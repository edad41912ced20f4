isotope {
  max_destroy = "50%"
}

value "a" {
  count = 4
  input = "hello"
}

value "a" {
  input = 1
}

value "b" {
  input = value.a.output
}

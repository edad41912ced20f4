value "b" {
  inputt = 2
}

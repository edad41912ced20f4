value "a" {
  inputt = 1
}

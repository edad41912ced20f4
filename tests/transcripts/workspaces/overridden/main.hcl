value "a" {
  input = "hello"
}

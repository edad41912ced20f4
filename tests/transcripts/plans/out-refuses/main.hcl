value "a" {
  input = "one"
}

value "a" {
  depends_on = [value.b]
}

value "b" {}

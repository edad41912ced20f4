value "a" {
  input = "x"
}

value "b" {
  for_each = toset([value.a.id])
}

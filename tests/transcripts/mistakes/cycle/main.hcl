value "a" {
  input = value.b.id
}

value "b" {
  input = value.a.id
}

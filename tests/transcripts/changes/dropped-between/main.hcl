value "first" {
  input = 1
}

value "between" {
  input = value.first.id
}

value "last" {
  input = value.between.id
}

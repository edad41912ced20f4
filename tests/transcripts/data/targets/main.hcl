value "a" {
  input = "social"
}

data "elements" "all" {
  hub = value.a.output
}

value "b" {
  for_each = toset(data.elements.all.objects[*].key)
  input    = each.key
}

value "c" {
  input = "alone"
}

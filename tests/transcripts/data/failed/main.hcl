value "id" {
  input = 4711
}

data "instance" "desk" {
  id = value.id.output
}

value "after" {
  input = data.instance.desk.name
}

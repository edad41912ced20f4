value "name" {
  input = "Support desk"
}

data "instance" "now" {
  id = 1002
}

data "instance" "later" {
  name = value.name.output
}

check "files" {
  data "instance" "files" {
    id = 1003
  }

  assert {
    condition     = data.instance.files.enabled
    error_message = "Off."
  }
}

data "instanse" "a" {
  name = "A"
}

data "instance" "b" {
  nmae = "B"
}

data "instance" "c" {}

data "instance" "d" {
  provider_data = {}
}

data "instance" "e" {
  name = ["E"]

  retry {}

  lifecycle {
    prevent_destroy = true
  }
}

data "value" "f" {
  input = 1
}

element "g" {
  key = "freshdesk"
}

output "h" {
  value = data.instance.h.id
}

output "e" {
  value = data.instance.e.tokn
}

output "in" {
  value = data.instance.in.id
}

check "i" {
  data "instance" "in" {
    for_each = toset(["I"])
    name     = each.key
  }

  data "instance" "two" {
    name = "I"
  }

  assert {
    condition     = data.instance.in.enabled
    error_message = "Off."
  }
}

moved {
  from = data.instance.b
  to   = instance.b
}

removed {
  from = data.instance.z
}

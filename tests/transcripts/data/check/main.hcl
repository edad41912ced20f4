variable "size" {
  type    = number
  default = 1
}

value "release" {
  input = var.size
}

check "desk" {
  data "instance" "desk" {
    name = "Support desk"
  }

  assert {
    condition     = data.instance.desk.enabled
    error_message = "The desk is switched off."
  }
}

check "chat" {
  data "instance" "chat" {
    element = "slack"
  }

  assert {
    condition     = data.instance.chat.enabled
    error_message = "The chat is switched off."
  }
}

check "release" {
  assert {
    condition     = value.release.output < 3
    error_message = "That is much."
  }
}

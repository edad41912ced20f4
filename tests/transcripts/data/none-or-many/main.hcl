data "instance" "desk" {
  tags = ["helpdesk"]
}

data "instance" "chat" {
  element = "slack"
  name    = "Chat"
}

data "instance" "gone" {
  id = 77
}

data "instance" "other" {
  id   = 1001
  name = "Sales desk"
}

variable "base" {}

value "inbox" {
  input = var.base
}

output "done" {
  value = value.inbox.id
}

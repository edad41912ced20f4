variable "password" {
  default   = "s3cret-freshdesk"
  sensitive = true
}

output "greeting" {
  value = "hello ${var.password}"
}

output "length" {
  value = nonsensitive(length(var.password))
}

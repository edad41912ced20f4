variable "name" {
  default = "default"
}

output "name" {
  value = var.name
}

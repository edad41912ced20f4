variable "level" {
  type    = string
  default = "default"
}

output "level" {
  value = var.level
}

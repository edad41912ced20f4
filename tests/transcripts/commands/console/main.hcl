variable "name" {
  default = "desk"
}

variable "secret" {
  default   = "s3cret-value"
  sensitive = true
}

value "a" {
  input = var.name
}

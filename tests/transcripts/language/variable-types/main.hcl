variable "port" {
  type = number

  validation {
    condition     = var.port < 65536
    error_message = "A port is below 65536."
  }
}

variable "hosts" {
  type    = set(string)
  default = []
}

variable "server" {
  type = object({
    name = string
    tls  = optional(bool, true)
  })
  default = { name = "none" }
}

output "port" {
  value = var.port
}

output "hosts" {
  value = var.hosts
}

output "server" {
  value = var.server
}

variable "size" {
  type    = number
  default = 3
}

instance "pool" {
  count   = var.size
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-pool"
    subdomain = "example"
  }
}

output "names" {
  value = instance.pool[*].name
}

variable "password" {
  type      = string
  sensitive = true
  default   = "s3cret-password"
}

account "desk" {
  external_id = "desk"
  name        = "Help desk"
}

user "ann" {
  account    = account.desk.id
  email      = "ann@example.com"
  first_name = "Ann"
  last_name  = "Example"
  password   = var.password
  roles      = ["admin"]
}

output "secret" {
  value     = user.ann.secret
  sensitive = true
}

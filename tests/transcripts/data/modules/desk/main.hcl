variable "name" {
  type = string
}

data "instance" "this" {
  name = var.name
}

value "subdomain" {
  input = data.instance.this.configuration["subdomain"]
}

output "subdomain" {
  value = value.subdomain.output
}

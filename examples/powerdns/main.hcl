# A zone and what stands in it, on a PowerDNS server: see README.md.

variable "server" {
  type    = string
  default = "http://127.0.0.1:8081"
}

variable "api_key" {
  type      = string
  sensitive = true
  default   = "not-a-secret"
}

provider "rest" {
  base_url = "${var.server}/api/v1/servers/localhost"
  headers  = { X-API-Key = var.api_key }
  errors   = { message = "error" }
}

module "dns" {
  source = "./dns"
}

variable "hosts" {
  type = map(set(string))
  default = {
    www  = ["192.0.2.10", "192.0.2.11"]
    mail = ["192.0.2.25"]
  }
}

zone "example" {
  name    = "example.org."
  account = "web"
}

record_set "ns" {
  zone    = zone.example.name
  name    = zone.example.name
  type    = "NS"
  records = ["ns1.${zone.example.name}"]
}

record_set "host" {
  for_each = var.hosts

  zone    = zone.example.name
  name    = "${each.key}.${zone.example.name}"
  type    = "A"
  ttl     = 300
  records = each.value
}

output "hosts" {
  value = { for host, set in record_set.host : set.name => set.records }
}

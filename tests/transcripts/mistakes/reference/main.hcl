value "support" {}

output "id" {
  value = value.suport.id
}

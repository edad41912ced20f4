output "support" {
  value = var.suport
}

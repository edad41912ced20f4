variable "support" {
  default = "x"
}

varible "a" {
  default = 1
}

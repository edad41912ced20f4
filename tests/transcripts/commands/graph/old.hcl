value "old" {
  input = value.region.output
}

// Command empty does nothing: it is what a Go program costs to start.
package main

func main() {}

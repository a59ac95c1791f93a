package process

// argument is where an assembly function that just began finds the argument
// for the Go function that it calls: on top of the stack.
const argument = 0

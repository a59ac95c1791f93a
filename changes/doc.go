// Package changes tells which files changed under a folder, or that one file
// did.
//
// [Under] makes a subscription. A burst of changes is gathered: a [Change]
// comes when nothing has changed for a moment, or a second after the first,
// and has the names of all that was made, written, given another name, mode or
// time, or removed. What was done to it is not told: whoever looks sees what is
// there now. What changes while the loop's body is at work comes together
// after it.
//
// # Promises
//
// A folder counts with all that is under it, to any depth; one that is made
// later too, with what was put into it before it could be watched. A folder
// that is moved to another place under the root is told with all that is in it.
// A file that an editor replaces, by giving a new file its name, has changed.
//
// The root has to be there when the range begins. If it vanishes later, that
// is a change, and so is its return, whatever became of the folders above it.
// The root may be a symbolic link; it is followed, and pointed elsewhere it has
// changed. Under the root links are not followed: a link is told, what it
// points to is not watched.
//
// Where it is not known what changed — the root came or went, the system lost
// count, the names are too many — the change is one of the root as a whole. So
// nothing that is left is ever silent. It is noticed at once, but for what
// the system does not tell, such as a folder far above the root that is given
// another name: then within a minute.
//
// What the system cannot watch for want of resources ends the range with an
// error. Folders under the root that we may not read are passed over, and one
// that is mounted in two places under it is told in one of them.
//
// # Left to others
//
// What changed while nobody ranged is not told. An action that writes under
// the root causes the next change: ignore what it writes ([Options]).
//
// The package stands on fsnotify, which knows the systems. It was tried on
// Linux; elsewhere it builds.
package changes

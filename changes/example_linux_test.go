package changes_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/backjob/job/changes"
)

func ExampleUnder() {
	dir, err := os.MkdirTemp("", "changes")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	o := changes.Options{
		Ignore: append(changes.Usual(), "*.o"),
		Ready: func() {
			os.WriteFile(filepath.Join(dir, "main.o"), nil, 0o600)
			os.WriteFile(filepath.Join(dir, "main.c"), nil, 0o600)
		},
	}
	for change, err := range changes.Under(dir, o)(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(change.Paths)
		break
	}
	// Output: [main.c]
}

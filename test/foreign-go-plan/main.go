// A plan in Go on Testground's SDK, which a runner must carry out without knowing it.
package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/testground/sdk-go/run"
	"github.com/testground/sdk-go/runtime"
	"github.com/testground/sdk-go/sync"
)

func main() {
	run.InvokeMap(map[string]interface{}{
		"sync":  run.InitializedTestCaseFn(meet),
		"ok":    run.TestCaseFn(report),
		"panic": run.TestCaseFn(func(*runtime.RunEnv) error { panic("as asked") }),
	})
}

// Has nothing to do but to say that it is well, and does not wait for a sidecar first.
func report(runenv *runtime.RunEnv) error {
	runenv.AttachSyncClient(sync.MustBoundClient(context.Background(), runenv))
	return nil
}

func meet(runenv *runtime.RunEnv, init *run.InitContext) error {
	if _, err := init.SyncClient.SignalAndWait(context.Background(), sync.State("met"), runenv.TestInstanceCount); err != nil {
		return err
	}
	runenv.R().RecordPoint("met", float64(init.GlobalSeq))
	return os.WriteFile(filepath.Join(runenv.TestOutputsPath, "met.txt"), []byte(runenv.TestRun), 0o644)
}

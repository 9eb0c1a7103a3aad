module gort.test/bench

go 1.23

module foreign-go

go 1.20

require github.com/testground/sdk-go v0.3.1-0.20220525111316-b6b10897b578

// VendorTests

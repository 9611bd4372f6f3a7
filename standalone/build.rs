//! The shop's and the SDK's built files are embedded: build again when `npm run build` has written new ones.

fn main() {
    for folder in ["../web/shop/dist", "../web/sdk/dist"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}

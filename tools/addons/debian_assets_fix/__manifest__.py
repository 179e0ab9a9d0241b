{
    "name": "Debian Assets Fix",
    "summary": "For tests and the demo only: Debian's package lacks a file that "
    "the mail app loads, so that every page logs an error in the browser",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "Customer Classification contributors",
    "license": "LGPL-3",
    "depends": ["mail"],
    "assets": {
        "web.assets_backend": [
            (
                "remove",
                "mail/static/lib/selfie_segmentation/selfie_segmentation.js",
            ),
        ],
    },
}

"""Names in front of maps are those of modules."""

Shop = [
    {
        "Shop": {
            "Goods": {
                r"^/shop/$": "List",
                r"^/shop/(\d+)$": "Show",
            },
        },
    },
    {r"^/shop/export$": "Shop.Goods.Export"},
]

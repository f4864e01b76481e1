"""WeChat official accounts: Tencent's callbacks in, passive replies and customer messages out."""

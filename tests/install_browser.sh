#!/bin/sh
# The browser tests need Chromium and a Chinese font; install them when we may, else say how.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || missing="chromium"
ls /usr/share/fonts/truetype/wqy/wqy-microhei.ttc >/dev/null 2>&1 || missing="$missing fonts-wqy-microhei"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ]; then
  echo "浏览器测试缺少:$missing。请先运行:sudo apt-get install -y --no-install-recommends $missing" >&2
  exit 1
fi
echo "正在安装浏览器测试所需的:$missing"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null

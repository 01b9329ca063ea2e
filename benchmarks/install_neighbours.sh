#!/usr/bin/env bash
# Installs what is measured beside us: each package in an environment of its own, from the package registry.
# Where: $BENCHMARK_NEIGHBOURS, or the user's cache folder. What: all, or the names given.
#
#     benchmarks/install_neighbours.sh [raw langchain pydantic-evals inspect-ai autorubric promptfoo deepeval]
#
# promptfoo needs Node 20 or later and npm.
set -euo pipefail

folder=${BENCHMARK_NEIGHBOURS:-${XDG_CACHE_HOME:-$HOME/.cache}/screening-answer-evaluator/neighbours}
python=${PYTHON:-python3}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

with_pip() {
	local name=$1
	shift
	[ -x "$folder/$name/bin/python" ] || "$python" -m venv "$folder/$name"
	"$folder/$name/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade "$@"
}

for name in "${@:-all}"; do
	case $name in all | raw) with_pip raw openai aiohttp httpx2 pyreqwest ;; esac
	case $name in all | langchain) with_pip langchain langchain-openai ;; esac
	case $name in all | pydantic-evals) with_pip pydantic-evals pydantic-evals 'pydantic-ai-slim[openai]' ;; esac
	case $name in all | inspect-ai) with_pip inspect-ai inspect-ai openai ;; esac
	case $name in all | autorubric) with_pip autorubric autorubric ;; esac
	case $name in all | deepeval) with_pip deepeval deepeval ;; esac
	case $name in
	all | promptfoo)
		mkdir -p "$folder/promptfoo"
		(cd "$folder/promptfoo" && { [ -f package.json ] || npm init --yes >/dev/null; } &&
			npm install promptfoo --no-audit --no-fund --silent)
		;;
	esac
done
echo "$folder"

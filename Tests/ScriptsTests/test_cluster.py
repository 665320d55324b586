"""Scripts/cluster with fake tools that keep clusters and containers as files and log their calls."""

import os
import shutil
import subprocess
import unittest

from context import SCRIPTS, FolderTestCase

# A file exists while the thing that it represents exists; the content "ours" stands for the label of Scripts/cluster.
TOOLS = {
    "docker": """
case "$*" in
"container inspect --format {{index"*) sed 's/^ours$/true/' registry ;;
"container inspect --format {{json"*) [[ ! -e connected ]] && echo '{"bridge":{}}' || echo '{"bridge":{},"kind":{}}' ;;
"container inspect "*) [[ -e registry ]] ;;
"run "*) [[ "$*" == *"--label osprey-cluster=true"* ]] && echo ours >registry ;;
"rm "*) rm registry ;;
"network connect "*) touch connected ;;
"exec --interactive "*) cat >hosts.toml ;;
"image inspect "*) [[ -e image ]] ;;
esac""",
    "kind": """
case "$*" in
"get clusters") [[ -e cluster ]] && echo osprey || echo "No kind clusters found." >&2 ;;
"get nodes --name osprey") echo osprey-control-plane ;;
"create cluster "*) echo ours >cluster ;;
"delete cluster "*) rm cluster ;;
esac""",
    "kubectl": """
case "$*" in
*" get nodes --selector osprey-cluster=true "*) [[ $(<cluster) != ours ]] || echo node/osprey-control-plane ;;
"kustomize "*) echo "      - image: localhost:5001/osprey:latest" ;;
*" apply --filename -") cat >applied ;;
esac""",
    "curl": """
[[ "$*" != *--head* ]] || cat digest""",
}


class ClusterTests(FolderTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.tools = self.folder / "bin"
        self.state = self.folder / "state"
        self.tools.mkdir()
        self.state.mkdir()
        for name in ("awk", "basename", "bash", "cat", "dirname", "rm", "sed", "touch", "tr"):
            (self.tools / name).symlink_to(shutil.which(name))
        for name, answers in TOOLS.items():
            tool = self.tools / name
            tool.write_text(f'#!/bin/bash\ncd "{self.state}"\necho "{name} $*" >>calls\n{answers}\n')
            tool.chmod(0o755)

    def cluster(self, word: str, code: int = 0) -> str:
        """Runs the script and returns its output."""
        run = subprocess.run(
            [SCRIPTS / "cluster", word],
            env={"PATH": str(self.tools)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.assertEqual(run.returncode, code, run.stdout)
        return run.stdout

    def calls(self, *starts: str) -> list[str]:
        """Returns the tool calls since the last time that start with one of these prefixes."""
        log = self.state / "calls"
        calls = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        for call in calls:
            if call.startswith("kubectl ") and not call.startswith("kubectl kustomize "):
                self.assertTrue(call.startswith("kubectl --context kind-osprey "), call)
        return [call for call in calls if call.startswith(starts)]

    def here(self, *names: str, content: str = "ours\n") -> None:
        for name in names:
            (self.state / name).write_text(content)

    def test_create_makes_registry_and_cluster_once(self) -> None:
        making = ("docker run", "docker network connect", "kind create")
        self.assertIn("make push deploy", self.cluster("create"))
        calls = self.calls(*making)
        self.assertEqual([call.split()[1] for call in calls], ["run", "create", "network"])
        self.assertIn("--publish 127.0.0.1:5001:5000", calls[0])
        self.assertEqual((self.state / "hosts.toml").read_text(), '[host."http://osprey-registry:5000"]\n')
        self.cluster("create")
        self.assertEqual(self.calls(*making), [])

    def test_delete_removes_what_create_made_and_may_be_repeated(self) -> None:
        self.cluster("create")
        self.cluster("delete")
        self.assertFalse((self.state / "cluster").exists())
        self.assertFalse((self.state / "registry").exists())
        self.calls()
        self.cluster("delete")
        self.assertEqual(self.calls("docker rm", "kind delete"), [])

    def test_what_others_made_is_left_alone(self) -> None:
        for kind in ("cluster", "registry"):
            for word in ("create", "delete"):
                with self.subTest(kind=kind, word=word):
                    self.here("cluster", "registry")
                    self.here(kind, content="theirs\n")
                    self.assertIn("left alone", self.cluster(word, code=1))
                    self.assertTrue((self.state / "cluster").exists())
                    self.assertTrue((self.state / "registry").exists())
        self.here("cluster", content="theirs\n")
        self.calls()
        self.assertIn("left alone", self.cluster("deploy", code=1))
        self.assertEqual([call for call in self.calls("kubectl") if " apply " in call], [])

    def test_push_takes_the_image_to_the_registry(self) -> None:
        self.assertIn("make docker-build", self.cluster("push", code=1))
        self.here("image")
        self.calls()
        self.cluster("push")
        self.assertEqual(
            self.calls("docker tag", "docker push"),
            ["docker tag osprey:latest localhost:5001/osprey:latest", "docker push localhost:5001/osprey:latest"],
        )

    def test_deploy_names_the_image_by_its_digest(self) -> None:
        self.assertIn("make create-cluster", self.cluster("deploy", code=1))
        self.here("cluster")
        self.here("digest", content="HTTP/1.1 200 OK\r\n\r\n")
        self.assertIn("make push", self.cluster("deploy", code=1))
        self.here("digest", content="HTTP/1.1 200 OK\r\nDocker-Content-Digest: sha256:0123\r\n\r\n")
        self.assertIn("make port-forward", self.cluster("deploy"))
        self.assertEqual((self.state / "applied").read_text(), "      - image: localhost:5001/osprey@sha256:0123\n")

    def test_a_missing_tool_is_named_with_where_to_get_it(self) -> None:
        needed = {
            "docker": ("create", "push", "deploy", "port-forward", "delete"),
            "kind": ("create", "deploy", "port-forward", "delete"),
            "kubectl": ("create", "deploy", "port-forward", "delete"),
            "curl": ("push", "deploy"),
        }
        for tool, words in needed.items():
            path = self.tools / tool
            hidden = path.rename(self.folder / tool)
            for word in words:
                with self.subTest(tool=tool, word=word):
                    said = self.cluster(word, code=1)
                    self.assertIn(tool, said)
                    self.assertIn("https://", said)
            os.rename(hidden, path)


if __name__ == "__main__":
    unittest.main()

import os

from stride.runs.provenance import git_untracked
from stride.runs.provenance.git_untracked import patch_of_untracked


def test_the_patch_adds_each_line(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\ny = 2\n")
    patch, left_out = patch_of_untracked(tmp_path, ["a.py"], 1000)
    assert left_out == []
    assert patch.decode().splitlines() == [
        "diff --git a/a.py b/a.py",
        "new file mode 100644",
        "--- /dev/null",
        "+++ b/a.py",
        "@@ -0,0 +1,2 @@",
        "+x = 1",
        "+y = 2",
    ]


def test_the_limit_counts_over_all_files(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text("line\n" * 40)
    patch, left_out = patch_of_untracked(tmp_path, ["a", "b", "c"], 700)
    assert (patch.count(b"diff --git"), left_out) == (2, ["c (200 bytes)"])


def test_a_pipe_a_folder_and_a_vanished_file_are_left_out(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    patch, left_out = patch_of_untracked(tmp_path, ["pipe", "folder/", "gone"], 1000)
    assert patch == b""
    assert left_out == [
        "pipe (not a plain file)",
        "folder/ (not a plain file)",
        "gone (No such file or directory)",
    ]


def test_files_that_may_hold_secrets_are_named_and_left_out_unread(tmp_path):
    hidden = [
        ".env", ".env.local", "server.pem", "tls.KEY", "id_rsa", "id_ed25519.pub", ".netrc",
        ".npmrc", ".pypirc", "credentials.json", "my_secret.yaml", "secrets.py", "hf_token",
        "api-token.txt", ".git-credentials", "secrets/prod.txt", "deep/er/.env",
    ]  # fmt: skip
    plain = ["tokenizer.json", "token_mixer.py", "monkey.txt", "environment.yml", "keys.py"]
    for name in plain:
        (tmp_path / name).write_text("x\n")
    patch, left_out = patch_of_untracked(tmp_path, [*hidden, *plain], 10_000)
    assert left_out == [f"{name} (may hold a secret)" for name in hidden]
    assert patch.count(b"diff --git") == len(plain)


def test_the_names_left_out_are_counted_beyond_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(git_untracked, "NAMES_LIMIT", 2)
    _, left_out = patch_of_untracked(tmp_path, ["a", "b", "c", "d"], 1000)
    assert left_out[0].startswith("a (") and left_out[2:] == ["2 more"]

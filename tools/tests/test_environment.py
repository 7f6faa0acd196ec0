import tempfile
import unittest
from pathlib import Path

from house.environment import child_environment


class Cleaning(unittest.TestCase):
    def test_variables_that_steer_tracing_do_not_reach_a_test(self) -> None:
        user = {"OTEL_SDK_DISABLED": "true", "POLYSPAN_STRICT": "1", "TRACEPARENT": "00-", "PATH": "/bin"}
        environment = child_environment(inherited=user)
        self.assertEqual(environment["PATH"], "/bin")
        for name in ("OTEL_SDK_DISABLED", "POLYSPAN_STRICT", "TRACEPARENT"):
            self.assertNotIn(name, environment)

    def test_a_suite_may_set_them_itself(self) -> None:
        environment = child_environment({"OTEL_SDK_DISABLED": "true"}, inherited={})
        self.assertEqual(environment["OTEL_SDK_DISABLED"], "true")

    def test_a_dotnet_in_the_home_directory_is_found(self) -> None:
        with tempfile.TemporaryDirectory() as home:
            sdk = Path(home, ".dotnet")
            sdk.mkdir()
            (sdk / "dotnet").touch(mode=0o755)
            environment = child_environment(inherited={"HOME": home, "PATH": "/nowhere"})
        self.assertEqual(environment["PATH"].split(":"), [str(sdk), "/nowhere"])
        self.assertEqual(environment["DOTNET_ROOT"], str(sdk))

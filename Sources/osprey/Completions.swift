internal import ArgumentParser

/// `osprey completions`: prints a shell completion script.
struct Completions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a shell completion script.",
        discussion: """
            Examples:
              osprey completions bash > /etc/bash_completion.d/osprey
              osprey completions zsh > ~/.zfunc/_osprey
              osprey completions fish > ~/.config/fish/completions/osprey.fish
            """
    )

    /// A supported shell.
    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash
        case zsh
        case fish
    }

    @Argument(help: "The shell: bash, zsh or fish.")
    var shell: Shell

    func run() throws {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        print(Osprey.completionScript(for: kind))
    }
}
